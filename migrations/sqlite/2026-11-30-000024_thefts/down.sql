DROP INDEX audit_events_thefts;
