-- What a person is to be told: which app's key was presented a second time. Nothing else of the log is in this index, so
-- that nothing else takes longer to write.

CREATE INDEX audit_events_thefts ON audit_events (user_id, at)
    WHERE outcome = 'refused' AND event IN ('token.reused', 'code.replayed');
