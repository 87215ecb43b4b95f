<?php
// phpinfo().
return function () {
    phpinfo(INFO_GENERAL | INFO_VARIABLES);
};
