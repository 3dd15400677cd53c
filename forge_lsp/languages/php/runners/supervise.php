<?php
// Runs PHPUnit in a process of its own and tells what came out of it.
//
// The first line of the standard input is a request in JSON: `command`, and `seconds` that it may take. PHPUnit writes its
// JUnit log to descriptor 3, a pipe: what is written there cannot be taken back. The second line is a nonce, which the
// tested process is not given; the answer is the nonce and a JSON object: `code` (null: it was too late), `report` and
// `words` (the end of what was printed).
declare(strict_types=1);

$request = json_decode((string) fgets(STDIN), true, 16, JSON_THROW_ON_ERROR);
$process = proc_open(
    $request['command'],
    [['file', '/dev/null', 'r'], ['pipe', 'w'], ['redirect', 1], ['pipe', 'w']],
    $pipes,
);
$said = [1 => '', 3 => ''];
$end = microtime(true) + $request['seconds'];
$code = null;
$open = [1 => $pipes[1], 3 => $pipes[3]];
array_walk($open, static fn ($pipe) => stream_set_blocking($pipe, false));
while ($open && microtime(true) < $end) {
    [$read, $write, $except] = [$open, null, null];
    if (stream_select($read, $write, $except, 0, 100_000)) {
        foreach ($read as $number => $pipe) {
            $part = (string) fread($pipe, 65_536);
            $said[$number] = $number === 3 ? substr($said[3] . $part, 0, 16_000_000) : substr($said[1] . $part, -20_000);
            if ($part === '' && feof($pipe)) {
                unset($open[$number]);
            }
        }
    }
    $status = proc_get_status($process);
    if ($code === null && !$status['running']) {
        $code = $status['signaled'] ? -$status['termsig'] : $status['exitcode'];
        $end = min($end, microtime(true) + 0.5); // what it started may hold the pipes open
    }
}
while ($code === null && microtime(true) < $end) { // it has closed its pipes, and is about to end
    $status = proc_get_status($process);
    $code = $status['running'] ? null : ($status['signaled'] ? -$status['termsig'] : $status['exitcode']);
    usleep(2_000);
}
if ($code === null) {
    proc_terminate($process, 9);
}
$nonce = trim((string) fgets(STDIN));
$answer = ['code' => $code, 'report' => base64_encode($said[3]), 'words' => $said[1]];
echo $nonce, ' ', json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
