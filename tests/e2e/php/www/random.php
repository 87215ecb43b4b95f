<?php // Numbers that must differ from request to request, whatever another request seeded.
echo mt_rand();
if (isset($_GET['seed'])) {
    mt_srand(42);
}
