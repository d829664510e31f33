-- The response types that clients may ask for besides code and token: metadata name those that some client may use.

ALTER TABLE clients ADD COLUMN response_types TEXT;
CREATE INDEX clients_response_types ON clients (response_types) WHERE response_types IS NOT NULL;
