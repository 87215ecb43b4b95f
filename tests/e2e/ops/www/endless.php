<?php // Until it is interrupted.
while (true);
