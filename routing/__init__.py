"""The pure core: functions of (signal, state, agreement, roster, now) that return data. No I/O."""
