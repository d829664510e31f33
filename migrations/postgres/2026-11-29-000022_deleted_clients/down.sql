DELETE FROM consents WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM grants WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM access_tokens WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM session_clients WHERE client_id NOT IN (SELECT client_id FROM clients);
DROP TABLE deleted_clients;

ALTER TABLE consents ADD CONSTRAINT consents_client_id_fkey
    FOREIGN KEY (client_id) REFERENCES clients (client_id) ON DELETE CASCADE;
ALTER TABLE grants ADD CONSTRAINT grants_client_id_fkey
    FOREIGN KEY (client_id) REFERENCES clients (client_id) ON DELETE CASCADE;
ALTER TABLE access_tokens ADD CONSTRAINT access_tokens_client_id_fkey
    FOREIGN KEY (client_id) REFERENCES clients (client_id) ON DELETE CASCADE;
ALTER TABLE session_clients ADD CONSTRAINT session_clients_client_id_fkey
    FOREIGN KEY (client_id) REFERENCES clients (client_id) ON DELETE CASCADE;
