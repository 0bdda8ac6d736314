"""Pure decisions: no flask, no sqlalchemy, no clock of their own."""
