<?php // Looks for a secret in everything this process can read of itself. The secret comes in two
// halves, reversed, so that no copy of the request holds it: only the first half is searched for.
[$first, $second] = array_map(fn ($half) => strrev(hex2bin($half)), [$_GET['first'], $_GET['second']]);
$memory = fopen('/proc/self/mem', 'rb');
stream_set_read_buffer($memory, 0);
$bytes = 0;
$found = [];
foreach (file('/proc/self/maps') as $line) {
    [$range, $rights] = explode(' ', $line);
    if ($rights[0] !== 'r' || str_contains($line, '[v')) {
        continue;
    }
    [$begin, $end] = array_map('hexdec', explode('-', $range));
    for ($at = $begin; $at < $end; $at += 1 << 20) {
        // Ranges overlap by a secret's length.
        if (fseek($memory, $at) !== 0 || ($text = @fread($memory, min((1 << 20) + 64, $end - $at))) === false) {
            break;
        }
        $bytes += strlen($text);
        for ($place = 0; ($place = strpos($text, $first, $place)) !== false; $place++) {
            if (substr_compare($text, $second, $place + strlen($first), strlen($second)) === 0) {
                $found[] = trim($line);
            }
        }
    }
}
echo json_encode(['bytes' => $bytes, 'found' => $found]);
