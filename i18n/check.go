package i18n

// dammTable is the totally anti-symmetric quasigroup of order 10 from H. Damm,
// "Total anti-symmetrische Quasigruppen", Marburg 2004.
const dammTable = "0317598642" + "7092154863" + "4206871359" + "1750983426" + "6123045978" +
	"3674209581" + "5869720134" + "8945362017" + "9438617205" + "2581436790"

// Verhoeff's tables (J. Verhoeff, "Error Detecting Decimal Codes", 1969):
// multiplication in the dihedral group D5, and the permutation by position.
const (
	verhoeffProduct = "0123456789" + "1234067895" + "2340178956" + "3401289567" + "4012395678" +
		"5987604321" + "6598710432" + "7659821043" + "8765932104" + "9876543210"
	verhoeffPermutation = "0123456789" + "1576283094" + "5803796142" + "8916043527" +
		"9453126870" + "4286573901" + "2793806415" + "7046913258"
)

// CheckRules lists the rules that [CheckDigit] knows.
func CheckRules() []string { return []string{"damm", "luhn", "mod11", "verhoeff"} }

// CheckDigit says that the last of the ASCII digits is right by the rule:
//   - damm, ours for receipts;
//   - luhn, ISO/IEC 7812-1 annex B (bank cards);
//   - mod11, the weighted sum with weights len … 2, 1 is 0 modulo 11 (ISBN-10,
//     NHS numbers; numbers whose check would be 10 are not given out);
//   - verhoeff (Aadhaar).
//
// It is false for an unknown rule, for anything but digits and for fewer than
// two of them.
func CheckDigit(rule, digits string) bool {
	if len(digits) < 2 || !isDigits(digits) {
		return false
	}
	switch rule {
	case "damm":
		return Damm(digits) == '0'
	case "luhn":
		return luhn(digits)
	case "mod11":
		return mod11(digits)
	case "verhoeff":
		return verhoeff(digits)
	}
	return false
}

// Damm gives the check digit, '0' to '9', to be written after the ASCII
// digits. It finds every single wrong digit and every swap of two neighbours.
// Of digits that end in their own check digit it is '0'. It is 0 if digits
// holds anything else than digits.
func Damm(digits string) (check byte) {
	check = '0'
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0
		}
		check = dammTable[10*int(check-'0')+int(digits[i]-'0')]
	}
	return check
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[i] - '0')
		if (len(digits)-i)%2 == 0 { // every second one, from the right
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func mod11(digits string) bool {
	sum := 0
	for i := range len(digits) {
		// The weight is taken modulo 11 too, so that no length overflows.
		sum = (sum + int(digits[i]-'0')*((len(digits)-i)%11)) % 11
	}
	return sum == 0
}

func verhoeff(digits string) bool {
	c := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		p := int(verhoeffPermutation[10*(i%8)+d] - '0')
		c = int(verhoeffProduct[10*c+p] - '0')
	}
	return c == 0
}
