/*
 * domain_shared: see domain_shared.h.  Both lists in order of their bytes.
 *
 * Sources: what the providers' own manuals give as mailbox domains, and as
 * return paths of customers without a domain of their own; 2026-11.
 */
#include "domain_shared.h"

#include <string.h>

static const char *const free_mail[] = { "126.com", "139.com", "163.com",
	"aim.com", "alice.it", "aol.com", "arcor.de", "att.net",
	"bellsouth.net", "bigpond.com", "bk.ru", "bluewin.ch", "btinternet.com",
	"comcast.net", "cox.net", "daum.net", "duck.com", "earthlink.net",
	"email.cz", "email.de", "email.it", "fastmail.com", "fastmail.fm",
	"foxmail.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch",
	"gmx.com", "gmx.de", "gmx.fr", "gmx.net", "gmx.us", "googlemail.com",
	"hanmail.net", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de",
	"hotmail.es", "hotmail.fr", "hotmail.it", "hushmail.com", "icloud.com",
	"inbox.lv", "inbox.ru", "interia.pl", "juno.com", "keemail.me",
	"laposte.net", "libero.it", "list.ru", "live.co.uk", "live.com",
	"live.de", "live.fr", "live.nl", "mac.com", "mail.com", "mail.de",
	"mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com",
	"netzero.net", "ntlworld.com", "o2.pl", "onet.eu", "onet.pl",
	"optonline.net", "orange.fr", "outlook.com", "outlook.de", "outlook.es",
	"outlook.fr", "outlook.it", "pm.me", "posteo.de", "posteo.net",
	"proton.me", "protonmail.ch", "protonmail.com", "qq.com",
	"rediffmail.com", "rocketmail.com", "rogers.com", "runbox.com",
	"sapo.pt", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca",
	"sina.com", "skynet.be", "sohu.com", "t-online.de", "talktalk.net",
	"telenet.be", "tin.it", "tiscali.it", "tuta.com", "tuta.io",
	"tutanota.com", "tutanota.de", "uol.com.br", "verizon.net",
	"virgilio.it", "virginmedia.com", "wanadoo.fr", "web.de", "wp.pl",
	"yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com",
	"yahoo.com.au", "yahoo.com.br", "yahoo.com.mx", "yahoo.de", "yahoo.es",
	"yahoo.fr", "yahoo.in", "yahoo.it", "yandex.com", "yandex.ru",
	"yeah.net", "ymail.com", "zoho.com", "zohomail.com" };

static const char *const providers[] = { "acemsrvc.com", "activehosted.com",
	"amazonses.com", "aweber.com", "ccsend.com", "clickfunnels.com",
	"cmail19.com", "cmail20.com", "constantcontact.com",
	"convertkit-mail.com", "convertkit-mail2.com", "createsend.com",
	"cyberimpact.com", "dotdigital.com", "dotmailer-email.com",
	"dotmailer.com", "elasticemail.com", "emarsys.net", "emsend1.com",
	"emsmtp.com", "exacttarget.com", "getresponse.com", "googlegroups.com",
	"groups.io", "hubspotemail.net", "hubspotstarter.net", "icontact.com",
	"infusionmail.com", "iterable.com", "klaviyomail.com",
	"list-manage.com", "mailchimpapp.net", "mailerlite.com",
	"mailersend.com", "mailgun.net", "mailgun.org", "mailjet.com",
	"mandrillapp.com", "mcdlv.net", "mcsv.net", "messagelabs.com",
	"mktdns.com", "mktomail.com", "mlsend.com", "mtasv.net",
	"onmicrosoft.com", "pardot.com", "postmarkapp.com", "pphosted.com",
	"rsgsv.net", "rsys5.com", "sailthru.com", "salesforce.com",
	"sendgrid.info", "sendgrid.net", "sendinblue.com", "sendpulse.com",
	"smtp.com", "smtp2go.com", "sparkpostmail.com", "substack.com",
	"zcsend.net", "zendesk.com", "zohocampaigns.com" };

/* Asked several times an attempt: most steps end with the first letter. */
static bool
is_in(const char *domain, const char *const *list, size_t count)
{
	size_t from = 0;

	while (from < count) {
		size_t middle = from + (count - from) / 2;
		int order = (unsigned char)domain[0] -
		    (unsigned char)list[middle][0];

		if (order == 0)
			order = strcmp(domain, list[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			count = middle;
		else
			from = middle + 1;
	}
	return false;
}

bool
usher_domain_is_free_mail(const char *domain)
{
	return is_in(domain, free_mail,
	    sizeof(free_mail) / sizeof(free_mail[0]));
}

bool
usher_domain_is_shared(const char *domain)
{
	return usher_domain_is_free_mail(domain) ||
	    is_in(domain, providers, sizeof(providers) / sizeof(providers[0]));
}
