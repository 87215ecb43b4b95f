<?php // Ends in the middle by a fatal error.
while (ob_get_level()) {
    ob_end_clean();
}
echo str_repeat('text ', 1000);
missing_function();
