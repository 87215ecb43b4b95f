<?php // A loop of nothing at all: compiled by the JIT, it never looks whether anybody wants its end.
function never_ends(): void
{
    while (true) {
    }
}
never_ends();
