<?php // Three pieces that leave one by one.
foreach (['one', 'two', 'three'] as $piece) {
    echo $piece;
    flush();
}
