DROP INDEX client_secrets_by_end;
DROP TABLE leases;
