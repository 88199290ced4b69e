package i18n

// Piece is a part of a text that is heard and not seen: some of the text's own
// words, or the value of one slot, which is said differently from how it is
// written.
type Piece struct {
	// Text is words of the text itself; empty for a value.
	Text string
	// Slot is the name of the slot whose value this is; empty for words.
	Slot string
	// Value is the slot's value; the empty text where there is none.
	Value Value
}

// Pieces gives the text for one reader in its pieces, with neighbouring words
// in one. A slot without a value is left out.
func (t *Template) Pieces(f Format, vals Values) []Piece {
	return appendPieces(nil, t.nodes, f, vals)
}

func appendPieces(dst []Piece, nodes []node, f Format, vals Values) []Piece {
	for i := range nodes {
		n := &nodes[i]
		if n.kind == literal {
			dst = appendWords(dst, n.text)
			continue
		}
		v, ok := vals(n.name)
		switch {
		case !ok:
		case n.kind == slot:
			dst = append(dst, Piece{Slot: n.name, Value: v})
		case n.kind == pound:
			dst = append(dst, Piece{Slot: n.name, Value: Value{Kind: countKind(v.Kind), Raw: v.Raw}})
		case n.kind == plural:
			dst = appendPieces(dst, pluralBranch(n.branches, v.Raw, f.Lang), f, vals)
		default:
			dst = appendPieces(dst, selectBranch(n.branches, v.Raw), f, vals)
		}
	}
	return dst
}

func appendWords(dst []Piece, text string) []Piece {
	if last := len(dst) - 1; last >= 0 && dst[last].Slot == "" {
		dst[last].Text += text
		return dst
	}
	return append(dst, Piece{Text: text})
}

// maxForms bounds how many ways of saying one text [Template.Forms] gives.
const maxForms = 64

// Forms gives every way in which the text can come out: one for each choice of
// branches, with the slots in their places and without values; at most 64. kind
// says of which kind a slot's values are.
func (t *Template) Forms(kind func(name string) Kind) [][]Piece {
	forms := [][]Piece{nil}
	for i := range t.nodes {
		forms = appendForms(forms, &t.nodes[i], kind)
	}
	return forms
}

func appendForms(forms [][]Piece, n *node, kind func(string) Kind) [][]Piece {
	switch n.kind {
	case literal:
		for i := range forms {
			forms[i] = appendWords(forms[i], n.text)
		}
		return forms
	case slot:
		for i := range forms {
			forms[i] = append(forms[i], Piece{Slot: n.name, Value: Value{Kind: kind(n.name)}})
		}
		return forms
	case pound:
		for i := range forms {
			forms[i] = append(forms[i], Piece{Slot: n.name, Value: Value{Kind: countKind(kind(n.name))}})
		}
		return forms
	}
	var all [][]Piece
	for _, b := range n.branches {
		branch := make([][]Piece, len(forms))
		for i := range forms {
			branch[i] = append([]Piece(nil), forms[i]...)
		}
		for i := range b.body {
			branch = appendForms(branch, &b.body[i], kind)
		}
		all = append(all, branch...)
	}
	return all[:min(len(all), maxForms)]
}
