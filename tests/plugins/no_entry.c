/* A shared object that is no plug-in. */
int plugged_nothing(void);

int plugged_nothing(void)
{
    return 0;
}
