#pragma once

// What PHP's own modules keep of a request until its end, which a worker script does not come to
// between two requests: session, filter, zlib, the URL rewriter, the last error, random seeds.
//
// Only modules whose state would tell one client of another, or spoil the next answer, are asked;
// all others keep what the script has given them, as it expects.
//
// All functions can be left by zend_bailout where they say nothing else.

namespace howdah::php {

// Before anything of the request is parsed. Runs no user code.
void forget_last_request();
// After the superglobals are there: session.auto_start and zlib.output_compression look at them.
void begin_request_modules();
// Before them: a session with save handlers of the script's own is written where PHP's shutdown
// functions would, so that an exception of theirs can still become the answer's status.
void write_session_of_script();
// After the output buffers have ended. Sessions are written; handlers of the script's own may leave
// an exception. False after a bailout, with all done that was to be done.
bool end_request_modules();
// The session's part of that, for one that the script has opened between two requests. Writes and
// closes it and forgets it; save handlers of the script's own stay, which the module's RSHUTDOWN
// would drop.
bool end_session();

}  // namespace howdah::php
