"""The published language: signals in, events out, HTTP bodies and the files that people write."""
