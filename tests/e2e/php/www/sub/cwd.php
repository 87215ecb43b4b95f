<?php
echo getcwd(), "\n", is_file('neighbour.txt') ? 'found' : 'lost';
