-- Where tokens of a grant are good by what the page said, if the request named no resource; whatever is registered since.
-- With spaces between; the empty name is this server, and most are empty. None: the request named resources, or the
-- release before wrote the row; then it follows from what is registered.

ALTER TABLE grants ADD COLUMN audience TEXT;
