/*
 * transport_tls.c - certificates: ours, and what the far end proves by its own.
 *
 * One context for streams that come in, one for those we open; both are
 * replaced whole at a reload, and streams keep the one they began under.
 * Clients are asked for a certificate as `tls.verify` says; servers always
 * prove the name we call them by (RFC 3261 §26.3.1, RFC 5922). Called by
 * transport_stream.c and start.c.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>

#include "transport_int.h"

static int __attribute__((format(printf, 3, 4)))
fail(char *why, size_t size, const char *format, ...)
{
	unsigned long code = ERR_get_error();
	char text[200] = "";
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(why, size, format, arguments);
	va_end(arguments);
	if (code != 0)
		ERR_error_string_n(code, text, sizeof(text));
	if (code != 0 && length > 0 && (size_t)length < size)
		(void)snprintf(why + length, size - (size_t)length, ": %s",
		    text);
	ERR_clear_error();
	return EINVAL;
}

static bool
given(const char *file)
{
	return file != NULL && *file != '\0';
}

/* Certificate, key and authorities, as far as they are given. */
static int
load(SSL_CTX *ctx, const struct sip_tls_terms *terms, char *why, size_t size)
{
	ERR_clear_error();
	if (given(terms->certificate) &&
	    SSL_CTX_use_certificate_chain_file(ctx, terms->certificate) != 1)
		return fail(why, size,
		    "tls.certificate = \"%s\" cannot be read",
		    terms->certificate);
	if (given(terms->certificate) &&
	    SSL_CTX_use_PrivateKey_file(ctx,
		given(terms->key) ? terms->key : terms->certificate,
		SSL_FILETYPE_PEM) != 1)
		return fail(why, size,
		    "tls.key = \"%s\" cannot be read, or is not the key of "
		    "tls.certificate",
		    terms->key);
	if (given(terms->ca) && SSL_CTX_load_verify_file(ctx, terms->ca) != 1)
		return fail(why, size, "tls.ca = \"%s\" cannot be read",
		    terms->ca);
	return 0;
}

/* The system's authorities take 50 ms to read: not while a reload holds up the
 * loop, and not at all where nobody speaks TLS. */
static void
read_authorities(struct sip_transports *t)
{
	if (t->tls_ca_later)
		(void)SSL_CTX_set_default_verify_paths(t->tls_client);
	t->tls_ca_later = false;
}

/* Whoever is only asked may come with one that proves nothing. */
static int
accept_any(int preverified, X509_STORE_CTX *store)
{
	(void)preverified;
	(void)store;
	return 1;
}

static void
ask_clients(SSL_CTX *ctx, enum sip_verify verify)
{
	if (verify == SIP_VERIFY_NONE)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	else if (verify == SIP_VERIFY_GIVEN)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
	else
		SSL_CTX_set_verify(ctx,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static SSL_CTX *
new_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"usher", 5);
	return ctx;
}

int
sip_transports_tls(struct sip_transports *t, const struct sip_tls_terms *terms,
    char *why, size_t size)
{
	SSL_CTX *server = new_context(TLS_server_method());
	SSL_CTX *client = new_context(TLS_client_method());
	int err = server && client ? 0 : fail(why, size, "out of memory");

	if (err == 0)
		err = load(client, terms, why, size);
	if (err == 0)
		err = load(server, terms, why, size);
	if (err != 0) {
		SSL_CTX_free(server);
		SSL_CTX_free(client);
		return err;
	}
	ask_clients(server, terms->verify);
	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	/* One store for both: who is believed is the same. */
	SSL_CTX_set1_cert_store(server, SSL_CTX_get_cert_store(client));
	tls_free(t);
	t->tls_client = client;
	t->tls_ca_later = !given(terms->ca);
	t->tls_server = given(terms->certificate) ? server : NULL;
	if (t->tls_server == NULL)
		SSL_CTX_free(server);
	return 0;
}

void
tls_free(struct sip_transports *t)
{
	SSL_CTX_free(t->tls_server);
	SSL_CTX_free(t->tls_client);
	t->tls_server = t->tls_client = NULL;
}

SSL *
tls_accepting(struct sip_transports *t)
{
	if (!t->tls_server)
		return NULL;
	if (SSL_CTX_get_verify_mode(t->tls_server) != SSL_VERIFY_NONE)
		read_authorities(t);
	return SSL_new(t->tls_server);
}

SSL *
tls_connecting(struct sip_transports *t, const struct sip_peer *dst)
{
	const char *name = t->handlers.name
	    ? t->handlers.name(dst, t->handlers.arg)
	    : NULL;
	char address[SIP_ADDR_TEXT];
	SSL *ssl;
	int ok;

	if (t->tls_client == NULL)
		return NULL;
	read_authorities(t);
	ssl = SSL_new(t->tls_client);
	if (ssl == NULL)
		return NULL;
	if (name != NULL)
		ok = SSL_set1_host(ssl, name) == 1 &&
		    SSL_set_tlsext_host_name(ssl, name) == 1;
	else
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			 sip_addr_host(&dst->addr, address)) == 1;
	if (ok)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* "sip:NAME" among the certificate's URIs (RFC 5922 §7.1). */
static bool
names_by_uri(X509 *certificate, const char *name)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate,
	    NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
		struct span uri;

		if (one->type != GEN_URI)
			continue;
		uri.p = (const char *)ASN1_STRING_get0_data(
		    one->d.uniformResourceIdentifier);
		uri.l = (size_t)ASN1_STRING_length(
		    one->d.uniformResourceIdentifier);
		if (uri.l > 4 && span_is((struct span){ uri.p, 4 }, "sip:"))
			found = span_is((struct span){ uri.p + 4, uri.l - 4 },
			    name);
	}
	GENERAL_NAMES_free(names);
	return found;
}

bool
sip_transport_proved(struct sip_transports *t, uint64_t connection,
    const char *name)
{
	const SSL *ssl = stream_ssl(t, connection);
	X509 *certificate;

	if (ssl == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
		return false;
	certificate = SSL_get0_peer_certificate(ssl);
	if (certificate == NULL)
		return false;
	return X509_check_host(certificate, name, 0,
		   X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1 ||
	    names_by_uri(certificate, name);
}
