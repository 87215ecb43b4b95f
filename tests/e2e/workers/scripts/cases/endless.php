<?php
// Until its time is up.
return function () {
    set_time_limit(1);
    while (true) {
        continue;
    }
};
