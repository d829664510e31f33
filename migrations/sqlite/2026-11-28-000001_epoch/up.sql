-- A new epoch may spare the refresh chains of before (PROTOCOL R-a6), so grants have an instant of their own.

ALTER TABLE instance ADD COLUMN grants_invalid_before INTEGER NOT NULL DEFAULT 0;
