-- Whom somebody vouches for is not removed because nobody uses it. From now on its row says so whenever it is written.

UPDATE clients SET registered = 'token' WHERE registered = 'open' AND metadata LIKE '%"verified":true%';
