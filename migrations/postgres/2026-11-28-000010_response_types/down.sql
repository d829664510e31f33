DROP INDEX clients_response_types;
ALTER TABLE clients DROP COLUMN response_types;
