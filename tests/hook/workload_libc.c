/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fnmatch.h>
#include <iconv.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "workload.h"

static uint64_t print_and_scan(uint64_t sum)
{
	char text[400], word[50] = "";
	double number = 0;
	int n = snprintf(text, sizeof(text),
			 "%d %5.3f %-10s|%08lx %c %e %g %a %lld %p %+05d %.3s %zu", -42, 3.14159,
			 "left", 0xbeefUL, 'x', 12345.678, 1e-7, 0.1, 1LL << 40, (void *)16, 7,
			 "truncated", sizeof(text));

	sum = sum_bytes(sum, text, (size_t)n);
	n = sscanf("name 12.75 0x1f 077", "%49s %lf", word, &number);
	sum = sum_bytes(sum_number(sum, (uint64_t)(n * 100 + number)), word, strlen(word));
	sum = sum_number(sum, strtoull("18446744073709551615", NULL, 10));
	number = strtod("2.2250738585072011e-308", NULL);
	return sum_bytes(sum, &number, sizeof(number));
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static uint64_t strings(uint64_t sum)
{
	char text[] = "the quick brown fox jumps over the lazy dog and runs away again", *words[32];
	char copy[200], *rest = NULL;
	size_t n = 0;

	for (size_t from = 0; from < 64; from++)
		for (size_t length = 0; length + from < sizeof(text); length += 7) {
			memset(copy, 0xaa, sizeof(copy));
			memcpy(copy + 3, text + from, length);
			memmove(copy + 5, copy + 3, length);
			sum = sum_bytes(sum, copy, sizeof(copy));
			sum = sum_number(sum, memchr(copy, 'o', sizeof(copy)) != NULL);
			sum = sum_number(sum, (uint64_t)memcmp(copy, text, length) >> 63);
		}
	sum = sum_number(sum, strstr(text, "lazy") - text);
	sum = sum_number(sum, (uint64_t)(strrchr(text, 'a') - strchr(text, 'q')));
	sum = sum_number(sum, strspn(text, "eht ") * 100 + strcspn(text, "z"));
	sum = sum_number(sum, strcasecmp("SAME", "same") == 0);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	qsort(words, n, sizeof(words[0]), compare_words);
	for (size_t i = 0; i < n; i++)
		sum = sum_bytes(sum, words[i], strlen(words[i]));
	strcpy(copy, words[0]);
	strcat(copy, words[1]);
	return sum_bytes(sum, copy, strlen(copy));
}

static uint64_t memory(uint64_t sum)
{
	void *blocks[64] = {NULL};
	uint32_t state = 5;

	for (int i = 0; i < 3000; i++) {
		void **block = &blocks[i % 64];

		state = state * 1664525u + 1013904223u;
		if (state & 1) {
			free(*block);
			*block = calloc(1, 1 + (state >> 16 & 0x3fff));
		} else {
			*block = realloc(*block, 1 + (state >> 16 & 0xffff));
		}
		sum = sum_number(sum, *block != NULL);
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return sum;
}

static uint64_t files(uint64_t sum)
{
	char line[100];
	FILE *file = tmpfile();

	if (!file)
		return 0;
	for (int i = 0; i < 2000; i++)
		fprintf(file, "line %d of a file\n", i);
	rewind(file);
	while (fgets(line, sizeof(line), file))
		sum = sum_bytes(sum, line, strlen(line));
	fseek(file, 100, SEEK_SET);
	sum = sum_number(sum, (uint64_t)fgetc(file) + (uint64_t)ftell(file));
	fclose(file);
	sum = sum_number(sum, (uint64_t)access("/", R_OK));
	return sum_number(sum, getpwuid(0) != NULL);
}

static uint64_t times_and_words(uint64_t sum)
{
	time_t when = 1234567890;
	struct tm parts;
	wchar_t wide[50];
	char text[100], out[200], *from = text, *to = out;
	size_t n_from, n_to = sizeof(out);
	regmatch_t match[2];
	regex_t regex;
	iconv_t conversion;

	gmtime_r(&when, &parts);
	sum = sum_bytes(sum, text,
			strftime(text, sizeof(text), "%A %d %B %Y %H:%M:%S %j %U", &parts));
	sum = sum_number(sum, (uint64_t)timegm(&parts));
	if (!regcomp(&regex, "([a-z]+)[0-9]{2,3}", REG_EXTENDED)) {
		sum = sum_number(sum, (uint64_t)regexec(&regex, "..abc123..", 2, match, 0));
		sum = sum_number(sum, (uint64_t)match[1].rm_eo);
		regfree(&regex);
	}
	sum = sum_number(sum, (uint64_t)fnmatch("*.[ch]", "file.c", 0));
	sum = sum_number(sum, mbstowcs(wide, "plain words", 50));
	sum = sum_bytes(sum, wide, wcslen(wide) * sizeof(wchar_t));
	strcpy(text, "gr\xc3\xbc\xc3\x9f");
	n_from = strlen(text);
	conversion = iconv_open("UTF-16LE", "UTF-8");
	if (conversion != (iconv_t)-1) {
		iconv(conversion, &from, &n_from, &to, &n_to);
		iconv_close(conversion);
	}
	return sum_bytes(sum, out, sizeof(out) - n_to);
}

static uint64_t jumps(uint64_t volatile sum)
{
	volatile int n = 0;
	jmp_buf here;

	if (setjmp(here) < 5) {
		n = n + 1;
		longjmp(here, n);
	}
	return sum_number(sum, (uint64_t)n);
}

static void *thread(void *number)
{
	uint64_t *sum = number;

	*sum = memory(print_and_scan(*sum));
	return NULL;
}

static uint64_t processes(uint64_t sum)
{
	pthread_t threads[3];
	uint64_t numbers[3] = {1, 2, 3};
	int status = 0;
	char line[100] = "";
	FILE *pipe;
	pid_t child;

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, thread, &numbers[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	sum = sum_bytes(sum, numbers, sizeof(numbers));
	child = fork();
	if (!child)
		_exit(strings(5) % 100);
	waitpid(child, &status, 0);
	sum = sum_number(sum, (uint64_t)status);
	pipe = popen("echo from a child", "r");
	if (pipe) {
		sum = sum_number(sum, fgets(line, sizeof(line), pipe) != NULL);
		sum = sum_number(sum, (uint64_t)pclose(pipe));
	}
	return sum_bytes(sum, line, strlen(line));
}

uint64_t workload_libc(void *library, int alone)
{
	uint64_t sum = print_and_scan(SUM_INIT);

	(void)library;
	sum = strings(sum);
	sum = memory(sum);
	sum = files(sum);
	sum = times_and_words(sum);
	sum = jumps(sum);
	return alone ? processes(sum) : sum;
}
