/* The program: a face of the library. */
#include "cli/command.h"

int main(int argc, char **argv)
{
    return cli_run(argc, argv);
}
