// howdah: the server. See src/app/README.md.

#include "app/commands.h"

int main(int argc, char** argv) { return howdah::app::howdah_main(argc, argv); }
