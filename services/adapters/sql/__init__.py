"""The store on SQLite and PostgreSQL: plain SQL, one statement per table and batch."""
