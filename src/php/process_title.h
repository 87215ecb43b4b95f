#pragma once

// What ps shows: "howdah-php: worker 3".

namespace howdah::php {

// At the start of main: moves the environment away, so that its room can be used with argv's.
void prepare_process_title(int argc, char** argv);
// Cut to the room there is. Also the name that top shows, cut at 15 bytes.
void set_process_title(const char* title);

}  // namespace howdah::php
