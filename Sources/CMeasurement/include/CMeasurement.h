/*
 * What measuring needs of the system and Swift cannot call: a variadic system call, fork, and wait4's resource usage.
 */
#ifndef STAMPEDE_CMEASUREMENT_H
#define STAMPEDE_CMEASUREMENT_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A counter of the instructions that the calling thread, and those it starts from now on, retire in user mode: a file
 * descriptor, or -1 where the machine, the kernel or its settings do not let one count.
 */
int instruction_counter_open(void);

/* The count so far; -1 if it cannot be read. */
int64_t instruction_counter_read(int counter);

/* What a child process was and used. */
struct child_result {
    /* As from waitpid. */
    int status;
    /* CPU time in user mode, microseconds; of the child and of those of its own children it waited for. */
    int64_t user_microseconds;
    /* The largest resident memory, bytes; never less than what this process itself held in private memory. */
    int64_t peak_resident_bytes;
};

/*
 * Starts a program with its standard output in a pipe; its standard input is empty.
 *
 * arguments: the path of the program, its arguments, and a null pointer.
 * output: receives the end of the pipe that is to be read.
 * Returns the process, or -1 (see errno). A program that cannot be executed exits with status 127.
 *
 * By fork and not by posix_spawn: a child that shares this process's memory until it becomes another program is given this
 * process's peak memory as its own.
 */
pid_t child_start(const char *const *arguments, int *output);

/* Waits for the end of a process. Returns 0, or -1 (see errno). */
int child_wait(pid_t process, struct child_result *result);

#endif
