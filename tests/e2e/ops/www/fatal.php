<?php // An error that nobody catches.
throw new Exception('the secret of the database');
