<?php
while (true) {
    usleep(60_000_000);
}
