<!doctype html>
<meta charset="utf-8">
<title>Gallery</title>
<link rel="stylesheet" href="style.css">
<script type="module" src="script.js"></script>
<h1>Täfelchen</h1>
<?php for ($i = 0; $i < 60; $i++): ?>
<img src="tile.svg?<?= $i ?>" alt="">
<img src="tile.php?n=<?= $i ?>" alt="">
<?php endfor ?>
