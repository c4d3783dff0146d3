/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prototypes as in OpenSSL 3.0's manual pages; its headers are not needed otherwise. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "workload.h"

#define SIZE 20000

static void *handle;

#define FUNCTION(result, name, ...)                                                                \
	result (*name)(__VA_ARGS__) = (result(*)(__VA_ARGS__))dlsym(handle, #name)

static void digests(const uint8_t *plain, uint64_t *sum)
{
	static const char *const names[] = {"MD5",	  "SHA1",	"SHA224",   "SHA256",
					    "SHA384",	  "SHA512",	"SHA3-256", "SHAKE128",
					    "BLAKE2b512", "BLAKE2s256", "SM3"};
	FUNCTION(int, EVP_Q_digest, void *, const char *, const char *, const void *, size_t,
		 uint8_t *, size_t *);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t size = 0; size < SIZE; size = size * 3 + 1) {
			uint8_t digest[64];
			size_t n = 0;

			*sum = sum_number(*sum, (uint64_t)EVP_Q_digest(NULL, names[i], NULL, plain,
								       size, digest, &n));
			*sum = sum_bytes(*sum, digest, n);
		}
	}
}

static void cipher(const char *name, const uint8_t *plain, uint64_t *sum)
{
	FUNCTION(const void *, EVP_get_cipherbyname, const char *);
	FUNCTION(void *, EVP_CIPHER_CTX_new, void);
	FUNCTION(void, EVP_CIPHER_CTX_free, void *);
	FUNCTION(int, EVP_CipherInit_ex, void *, const void *, void *, const uint8_t *,
		 const uint8_t *, int);
	FUNCTION(int, EVP_CipherUpdate, void *, uint8_t *, int *, const uint8_t *, int);
	FUNCTION(int, EVP_CipherFinal_ex, void *, uint8_t *, int *);
	static const uint8_t key[64] = {1, 2, 3, 4, 5}, iv[16] = {9, 8, 7};
	uint8_t *packed = malloc(SIZE + 64), *back = malloc(SIZE + 64);
	const void *method = EVP_get_cipherbyname(name);
	void *context = EVP_CIPHER_CTX_new();
	int n = 0, m = 0, l = 0;

	*sum = sum_number(*sum, method != NULL);
	if (method && EVP_CipherInit_ex(context, method, NULL, key, iv, 1)) {
		EVP_CipherUpdate(context, packed, &n, plain, SIZE);
		*sum = sum_number(*sum, (uint64_t)EVP_CipherFinal_ex(context, packed + n, &m));
		*sum = sum_bytes(*sum, packed, (size_t)(n + m));
		EVP_CipherInit_ex(context, method, NULL, key, iv, 0);
		EVP_CipherUpdate(context, back, &l, packed, n + m);
		*sum = sum_number(*sum, !memcmp(plain, back, (size_t)l));
	}
	EVP_CIPHER_CTX_free(context);
	free(packed);
	free(back);
}

/* Keys are random: what counts is that what one made the other accepts. */
static void signatures(void *key, const uint8_t *plain, const char *digest, uint64_t *sum)
{
	FUNCTION(void *, EVP_MD_CTX_new, void);
	FUNCTION(void, EVP_MD_CTX_free, void *);
	FUNCTION(int, EVP_DigestSignInit_ex, void *, void **, const char *, void *, const char *,
		 void *, const void *);
	FUNCTION(int, EVP_DigestSign, void *, uint8_t *, size_t *, const uint8_t *, size_t);
	FUNCTION(int, EVP_DigestVerifyInit_ex, void *, void **, const char *, void *, const char *,
		 void *, const void *);
	FUNCTION(int, EVP_DigestVerify, void *, const uint8_t *, size_t, const uint8_t *, size_t);
	FUNCTION(void, EVP_PKEY_free, void *);
	uint8_t signature[1024], changed[32];
	size_t n = sizeof(signature);
	void *context = EVP_MD_CTX_new();

	*sum = sum_number(*sum, key != NULL);
	memcpy(changed, plain, sizeof(changed));
	changed[3] ^= 1;
	*sum = sum_number(*sum, (uint64_t)EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL,
								key, NULL));
	*sum = sum_number(*sum, (uint64_t)EVP_DigestSign(context, signature, &n, plain, 32));
	EVP_MD_CTX_free(context);
	context = EVP_MD_CTX_new();
	EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL);
	*sum = sum_number(*sum, (uint64_t)EVP_DigestVerify(context, signature, n, plain, 32));
	EVP_MD_CTX_free(context);
	context = EVP_MD_CTX_new();
	EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL);
	*sum = sum_number(*sum, EVP_DigestVerify(context, signature, n, changed, 32) == 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

static void numbers(uint64_t *sum)
{
	FUNCTION(void *, BN_new, void);
	FUNCTION(void, BN_free, void *);
	FUNCTION(void *, BN_CTX_new, void);
	FUNCTION(void, BN_CTX_free, void *);
	FUNCTION(int, BN_hex2bn, void **, const char *);
	FUNCTION(char *, BN_bn2hex, const void *);
	FUNCTION(int, BN_mod_exp, void *, const void *, const void *, const void *, void *);
	FUNCTION(void, CRYPTO_free, void *, const char *, int);
	void *base = NULL, *power = NULL, *modulus = NULL, *result = BN_new(),
	     *context = BN_CTX_new();
	char text[600], *hex;

	for (size_t bits = 64; bits <= 2048; bits *= 2) {
		memset(text, 'B', bits / 4);
		text[bits / 4] = '\0';
		BN_hex2bn(&modulus, text);
		text[bits / 4 - 1] = '5';
		BN_hex2bn(&base, text + 1);
		BN_hex2bn(&power, text + bits / 8);
		*sum = sum_number(*sum,
				  (uint64_t)BN_mod_exp(result, base, power, modulus, context));
		hex = BN_bn2hex(result);
		*sum = sum_bytes(*sum, hex, strlen(hex));
		CRYPTO_free(hex, "", 0);
	}
	BN_free(base);
	BN_free(power);
	BN_free(modulus);
	BN_free(result);
	BN_CTX_free(context);
}

uint64_t workload_crypto(void *library, int alone)
{
	static const char *const ciphers[] = {
		"AES-128-CBC",	    "AES-192-CTR",  "AES-256-GCM",  "AES-128-CCM",
		"AES-256-XTS",	    "AES-128-OCB",  "ChaCha20",	    "ChaCha20-Poly1305",
		"CAMELLIA-128-CBC", "ARIA-256-CTR", "DES-EDE3-CBC", "SM4-CBC"};
	uint8_t *plain = malloc(SIZE);
	uint64_t sum = SUM_INIT;

	handle = library;
	for (size_t i = 0; i < SIZE; i++)
		plain[i] = (uint8_t)(i * i >> 3);
	digests(plain, &sum);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		cipher(ciphers[i], plain, &sum);
	numbers(&sum);
	if (alone) {
		FUNCTION(void *, EVP_PKEY_Q_keygen, void *, const char *, const char *, ...);

		signatures(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), plain, "SHA256",
			   &sum);
		signatures(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), plain, "SHA256", &sum);
		signatures(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp384r1"), plain, "SHA384", &sum);
		signatures(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), plain, NULL, &sum);
	}
	free(plain);
	return sum;
}
