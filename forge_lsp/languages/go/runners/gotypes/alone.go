package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var buildIgnore = regexp.MustCompile(`(?m)^//go:build[ \t]+ignore\b|^// \+build[ \t]+ignore\b`)

func ignored(text string) bool { return buildIgnore.MatchString(text) }

var clause = regexp.MustCompile(`(?m)^package[ \t]+(\w+)`)
var entry = regexp.MustCompile(`(?m)^func[ \t]+main[ \t]*\(`)

// alone is a program, or a package without a module: the document and what beside it belongs to it.
func (w *workspace) alone(document, folder string) []problem {
	if len(w.known) == 0 {
		w.known, w.at = map[string]*listed{}, map[string]*listed{}
	}
	text := w.text(document)
	name := "main"
	if found := clause.FindStringSubmatch(text); found != nil {
		name = found[1]
	}
	own := &listed{path: name, dir: filepath.Dir(document)}
	files := []*source{w.parsed(document)}
	entries, _ := os.ReadDir(own.dir)
	for _, one := range entries {
		path := filepath.Join(own.dir, one.Name())
		if path == document || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || ignored(text) {
			continue
		}
		other := w.text(path)
		same := clause.FindStringSubmatch(other)
		if same == nil || same[1] != name || ignored(other) || (name == "main" && entry.MatchString(other)) {
			continue
		}
		files = append(files, w.parsed(path))
	}
	wrong := []problem{}
	for _, file := range files {
		if file.cgo {
			return nil
		}
		wrong = append(wrong, file.wrong...)
	}
	if len(wrong) == 0 {
		_, found := w.typed(own, name, files, "", true, nil)
		wrong = append(append(wrong, found...), bodiless(w, files, false)...)
	}
	for at := range wrong {
		if name, err := filepath.Rel(w.root, wrong[at].File); err == nil {
			wrong[at].File = filepath.ToSlash(name)
		}
	}
	return wrong
}

// parsed is a file whatever its constraints say.
func (w *workspace) parsed(path string) *source {
	made := &source{path: path, text: w.text(path), matches: true}
	made.parse(w.fset)
	return made
}
