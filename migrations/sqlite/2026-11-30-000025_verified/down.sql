UPDATE clients SET registered = 'open' WHERE registered = 'token' AND metadata LIKE '%"by":"open"%';
