<?php
// A square whose width is 100 + n.
header('Content-Type: image/svg+xml');
$width = 100 + (int) $_GET['n'];
echo "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"$width\" height=\"9\"><rect width=\"9\" height=\"9\"/></svg>\n";
