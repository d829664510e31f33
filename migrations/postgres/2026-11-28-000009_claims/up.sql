-- Claims that were asked for by name (OIDC Core 5.5): what a grant tells besides its scopes, and what a person agreed to.

ALTER TABLE grants ADD COLUMN claims TEXT;
ALTER TABLE consents ADD COLUMN claims TEXT NOT NULL DEFAULT '';
