/* hooktest_main.c - main of the hook test; all else is in a library, so that it can run before. */
int hooktest_main(int argc, char **argv);

int main(int argc, char **argv)
{
    return hooktest_main(argc, argv);
}
