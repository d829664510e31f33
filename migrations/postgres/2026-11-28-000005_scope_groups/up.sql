-- The heading that a scope stands under on the consent page.

ALTER TABLE scopes ADD COLUMN "group" TEXT NOT NULL DEFAULT '';
