/*
 * number_country: the country of an E.164 number.
 *
 * Country codes as ITU-T E.164 assigns them, area codes where countries share
 * one: +1 (numbers without an area code of their own country are the United
 * States'), +7, and the islands that are countries of ISO 3166 within another
 * country's plan. XK and AC are no assigned codes of ISO 3166, but what
 * everybody writes for Kosovo and Ascension. Codes of no country (800, 870,
 * 881 ...) are not here.
 */
#include "address.h"

#include <stdlib.h>

enum { LONGEST_PREFIX = 7 };

struct assignment {
	uint32_t prefix;
	char country[3];
};

/* Sorted. The longest prefix of a number decides. */
static const struct assignment assignments[] = {
	{ 1, "US" }, { 7, "RU" }, { 20, "EG" }, { 27, "ZA" }, { 30, "GR" },
	{ 31, "NL" }, { 32, "BE" }, { 33, "FR" }, { 34, "ES" }, { 36, "HU" },
	{ 39, "IT" }, { 40, "RO" }, { 41, "CH" }, { 43, "AT" }, { 44, "GB" },
	{ 45, "DK" }, { 46, "SE" }, { 47, "NO" }, { 48, "PL" }, { 49, "DE" },
	{ 51, "PE" }, { 52, "MX" }, { 53, "CU" }, { 54, "AR" }, { 55, "BR" },
	{ 56, "CL" }, { 57, "CO" }, { 58, "VE" }, { 60, "MY" }, { 61, "AU" },
	{ 62, "ID" }, { 63, "PH" }, { 64, "NZ" }, { 65, "SG" }, { 66, "TH" },
	{ 76, "KZ" }, { 77, "KZ" }, { 81, "JP" }, { 82, "KR" }, { 84, "VN" },
	{ 86, "CN" }, { 90, "TR" }, { 91, "IN" }, { 92, "PK" }, { 93, "AF" },
	{ 94, "LK" }, { 95, "MM" }, { 98, "IR" }, { 211, "SS" }, { 212, "MA" },
	{ 213, "DZ" }, { 216, "TN" }, { 218, "LY" }, { 220, "GM" },
	{ 221, "SN" }, { 222, "MR" }, { 223, "ML" }, { 224, "GN" },
	{ 225, "CI" }, { 226, "BF" }, { 227, "NE" }, { 228, "TG" },
	{ 229, "BJ" }, { 230, "MU" }, { 231, "LR" }, { 232, "SL" },
	{ 233, "GH" }, { 234, "NG" }, { 235, "TD" }, { 236, "CF" },
	{ 237, "CM" }, { 238, "CV" }, { 239, "ST" }, { 240, "GQ" },
	{ 241, "GA" }, { 242, "CG" }, { 243, "CD" }, { 244, "AO" },
	{ 245, "GW" }, { 246, "IO" }, { 247, "AC" }, { 248, "SC" },
	{ 249, "SD" }, { 250, "RW" }, { 251, "ET" }, { 252, "SO" },
	{ 253, "DJ" }, { 254, "KE" }, { 255, "TZ" }, { 256, "UG" },
	{ 257, "BI" }, { 258, "MZ" }, { 260, "ZM" }, { 261, "MG" },
	{ 262, "RE" }, { 263, "ZW" }, { 264, "NA" }, { 265, "MW" },
	{ 266, "LS" }, { 267, "BW" }, { 268, "SZ" }, { 269, "KM" },
	{ 290, "SH" }, { 291, "ER" }, { 297, "AW" }, { 298, "FO" },
	{ 299, "GL" }, { 350, "GI" }, { 351, "PT" }, { 352, "LU" },
	{ 353, "IE" }, { 354, "IS" }, { 355, "AL" }, { 356, "MT" },
	{ 357, "CY" }, { 358, "FI" }, { 359, "BG" }, { 370, "LT" },
	{ 371, "LV" }, { 372, "EE" }, { 373, "MD" }, { 374, "AM" },
	{ 375, "BY" }, { 376, "AD" }, { 377, "MC" }, { 378, "SM" },
	{ 379, "VA" }, { 380, "UA" }, { 381, "RS" }, { 382, "ME" },
	{ 383, "XK" }, { 385, "HR" }, { 386, "SI" }, { 387, "BA" },
	{ 389, "MK" }, { 420, "CZ" }, { 421, "SK" }, { 423, "LI" },
	{ 500, "FK" }, { 501, "BZ" }, { 502, "GT" }, { 503, "SV" },
	{ 504, "HN" }, { 505, "NI" }, { 506, "CR" }, { 507, "PA" },
	{ 508, "PM" }, { 509, "HT" }, { 590, "GP" }, { 591, "BO" },
	{ 592, "GY" }, { 593, "EC" }, { 594, "GF" }, { 595, "PY" },
	{ 596, "MQ" }, { 597, "SR" }, { 598, "UY" }, { 599, "CW" },
	{ 670, "TL" }, { 672, "NF" }, { 673, "BN" }, { 674, "NR" },
	{ 675, "PG" }, { 676, "TO" }, { 677, "SB" }, { 678, "VU" },
	{ 679, "FJ" }, { 680, "PW" }, { 681, "WF" }, { 682, "CK" },
	{ 683, "NU" }, { 685, "WS" }, { 686, "KI" }, { 687, "NC" },
	{ 688, "TV" }, { 689, "PF" }, { 690, "TK" }, { 691, "FM" },
	{ 692, "MH" }, { 850, "KP" }, { 852, "HK" }, { 853, "MO" },
	{ 855, "KH" }, { 856, "LA" }, { 880, "BD" }, { 886, "TW" },
	{ 960, "MV" }, { 961, "LB" }, { 962, "JO" }, { 963, "SY" },
	{ 964, "IQ" }, { 965, "KW" }, { 966, "SA" }, { 967, "YE" },
	{ 968, "OM" }, { 970, "PS" }, { 971, "AE" }, { 972, "IL" },
	{ 973, "BH" }, { 974, "QA" }, { 975, "BT" }, { 976, "MN" },
	{ 977, "NP" }, { 992, "TJ" }, { 993, "TM" }, { 994, "AZ" },
	{ 995, "GE" }, { 996, "KG" }, { 998, "UZ" }, { 1204, "CA" },
	{ 1226, "CA" }, { 1236, "CA" }, { 1242, "BS" }, { 1246, "BB" },
	{ 1249, "CA" }, { 1250, "CA" }, { 1257, "CA" }, { 1263, "CA" },
	{ 1264, "AI" }, { 1268, "AG" }, { 1284, "VG" }, { 1289, "CA" },
	{ 1306, "CA" }, { 1340, "VI" }, { 1343, "CA" }, { 1345, "KY" },
	{ 1354, "CA" }, { 1365, "CA" }, { 1367, "CA" }, { 1368, "CA" },
	{ 1382, "CA" }, { 1403, "CA" }, { 1416, "CA" }, { 1418, "CA" },
	{ 1428, "CA" }, { 1431, "CA" }, { 1437, "CA" }, { 1438, "CA" },
	{ 1441, "BM" }, { 1450, "CA" }, { 1468, "CA" }, { 1473, "GD" },
	{ 1474, "CA" }, { 1506, "CA" }, { 1514, "CA" }, { 1519, "CA" },
	{ 1548, "CA" }, { 1579, "CA" }, { 1581, "CA" }, { 1584, "CA" },
	{ 1587, "CA" }, { 1600, "CA" }, { 1604, "CA" }, { 1613, "CA" },
	{ 1622, "CA" }, { 1633, "CA" }, { 1639, "CA" }, { 1644, "CA" },
	{ 1647, "CA" }, { 1649, "TC" }, { 1655, "CA" }, { 1658, "JM" },
	{ 1664, "MS" }, { 1670, "MP" }, { 1671, "GU" }, { 1672, "CA" },
	{ 1677, "CA" }, { 1683, "CA" }, { 1684, "AS" }, { 1688, "CA" },
	{ 1705, "CA" }, { 1709, "CA" }, { 1721, "SX" }, { 1742, "CA" },
	{ 1753, "CA" }, { 1758, "LC" }, { 1767, "DM" }, { 1778, "CA" },
	{ 1780, "CA" }, { 1782, "CA" }, { 1784, "VC" }, { 1787, "PR" },
	{ 1807, "CA" }, { 1809, "DO" }, { 1819, "CA" }, { 1825, "CA" },
	{ 1829, "DO" }, { 1849, "DO" }, { 1851, "CA" }, { 1867, "CA" },
	{ 1868, "TT" }, { 1869, "KN" }, { 1873, "CA" }, { 1876, "JM" },
	{ 1879, "CA" }, { 1902, "CA" }, { 1905, "CA" }, { 1939, "PR" },
	{ 1942, "CA" }, { 4779, "SJ" }, { 5993, "BQ" }, { 5994, "BQ" },
	{ 5997, "BQ" }, { 6721, "AQ" }, { 35818, "AX" }, { 262269, "YT" },
	{ 262639, "YT" }, { 441481, "GG" }, { 441534, "JE" }, { 441624, "IM" },
	{ 3906698, "VA" }, { 6189162, "CC" }, { 6189164, "CX" },
};

static int
compare(const void *key, const void *element)
{
	uint32_t prefix = *(const uint32_t *)key;
	const struct assignment *assignment = element;

	if (prefix == assignment->prefix)
		return 0;
	return prefix < assignment->prefix ? -1 : 1;
}

const char *
usher_number_country(const char *number)
{
	const char *country = NULL;
	uint32_t prefix = 0;

	if (number == NULL || number[0] != '+')
		return NULL;
	for (int i = 1; i <= LONGEST_PREFIX && number[i] >= '0'
	    && number[i] <= '9'; i++) {
		const struct assignment *found;

		prefix = prefix * 10 + (uint32_t)(number[i] - '0');
		if (prefix == 0)
			return NULL;
		found = bsearch(&prefix, assignments,
		    sizeof(assignments) / sizeof(assignments[0]),
		    sizeof(assignments[0]), compare);
		if (found != NULL)
			country = found->country;
	}
	return country;
}
