<?php
function preloaded()
{
    return 'I am preloaded';
}
