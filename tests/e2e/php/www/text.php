Text before, <?= 1 + 1 ?>, and after.
