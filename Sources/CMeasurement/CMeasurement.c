#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "CMeasurement.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

int instruction_counter_open(void) {
#if defined(__linux__) && defined(SYS_perf_event_open)
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    attributes.inherit = 1;
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, (unsigned long)PERF_FLAG_FD_CLOEXEC);
#else
    return -1;
#endif
}

int64_t instruction_counter_read(int counter) {
    uint64_t count;
    if (counter < 0 || read(counter, &count, sizeof count) != (ssize_t)sizeof count) return -1;
    return (int64_t)count;
}

pid_t child_start(const char *const *arguments, int *output) {
    int ends[2];
#ifdef __linux__
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
#else
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    pid_t process = fork();
    if (process == 0) {
#ifdef __linux__
        /* A measurement that nobody waits for any more must not disturb the next one. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
        /* The starting thread may hold signals back; the program is to be stopped by them as ever. */
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        int nothing = open("/dev/null", O_RDONLY);
        if (nothing >= 0) dup2(nothing, STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        execv(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    int reason = errno;
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        errno = reason;
        return -1;
    }
    *output = ends[0];
    return process;
}

int child_wait(pid_t process, struct child_result *result) {
    struct rusage usage;
    int status;
    pid_t ended;
    do ended = wait4(process, &status, 0, &usage);
    while (ended < 0 && errno == EINTR);
    if (ended < 0) return -1;
    result->status = status;
    result->user_microseconds = (int64_t)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec;
#ifdef __APPLE__
    result->peak_resident_bytes = usage.ru_maxrss;
#else
    result->peak_resident_bytes = (int64_t)usage.ru_maxrss * 1024;
#endif
    return 0;
}
