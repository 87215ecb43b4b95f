<?php // A page whose style is hinted at before it is there.
require 'wait.inc';
header('Link: </style.css>; rel=preload; as=style');
headers_send(103);
wait_at_gate($_GET['gate']);
header_remove('Link');
echo '<!doctype html><link rel=stylesheet href=/style.css><p id=text>text</p>';
