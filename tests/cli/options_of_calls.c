/*
 * options_of_calls.c - prctl, arch_prctl and personality as far as they are about memory: for
 * comparing how they are printed.  Most of them fail, on purpose.
 */
#include <sys/syscall.h>
#include <unistd.h>

#define PRCTL(...) syscall(SYS_prctl, __VA_ARGS__)

enum { SET_MM = 35, SET_THP_DISABLE = 41, SET_MDWE = 65, SET_MEMORY_MERGE = 67,
       SET_VMA = 0x53564d41 };

static void names(long area)
{
	static const char long_name[] =
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

	for (long len = 29; len <= 84; len += len < 35 ? 1 : 7)
		PRCTL(SET_VMA, 0L, area, 4096L, long_name + sizeof(long_name) - 1 - len);
	PRCTL(SET_VMA, 0L, area, 4096L, "");
	PRCTL(SET_VMA, 0L, area, 4096L, "\001" "7\001" "89\\\r\t\v\f\a\b\033\377\"");
	PRCTL(SET_VMA, 0L, area + 1, 4096L, "bad[");
	PRCTL(SET_VMA, 0L, area, 4096L, 0L);
	PRCTL(SET_VMA, 0L, area, 4096L, 1L);
	PRCTL(SET_VMA, 1L, area, 4096L, long_name);
}

int main(void)
{
	long area = syscall(SYS_mmap, 0L, 8192L, 3L, 0x22L, -1L, 0L);

	names(area);
	for (long option = 0; option < 18; option++)
		PRCTL(SET_MM, option, 0x1234L, option, 5L);
	PRCTL(SET_MM, 77L, 0L, 0L, 0L);
	PRCTL(SET_MDWE, 4L, 1L, 0L, 0L);
	PRCTL(SET_THP_DISABLE, 0L, 0L, 7L, 0L);
	PRCTL(SET_THP_DISABLE, 1L, 0L, 0L, 0L);
	PRCTL(SET_MEMORY_MERGE, 0L, 0L, 1L, 0L);
	for (long option = 0x2000; option < 0x2005; option++)
		syscall(SYS_arch_prctl, option, 0x1000L);
	syscall(SYS_arch_prctl, 0x5001L, 1L);
	syscall(SYS_arch_prctl, 0x5002L, 2L);
	syscall(SYS_personality, 0xffffffffL);
	for (int bit = 0; bit < 32; bit++)
		syscall(SYS_personality, 1L << bit);
	for (long domain = 0; domain < 32; domain++)
		syscall(SYS_personality, domain | 0x440000);
	return 0;
}
