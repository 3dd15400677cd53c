//go:build analyzers

package main

import (
	"go/ast"
	"go/types"
	"os"
	"path/filepath"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/errorsas"
	"golang.org/x/tools/go/analysis/passes/ifaceassert"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/printf"
	"golang.org/x/tools/go/analysis/passes/stringintconv"
)

// Those that the build gate asks vet for.
var analyzers = []*analysis.Analyzer{
	atomic.Analyzer, bools.Analyzer, errorsas.Analyzer, ifaceassert.Analyzer, nilfunc.Analyzer, printf.Analyzer,
	stringintconv.Analyzer,
}

// vetted is what vet says of the document. What it would know of other packages of the project (that a function passes
// its arguments on to fmt) is not known here.
func (w *workspace) vetted(own *listed, document string) (found []problem) {
	defer func() {
		if recover() != nil { // an analyzer of a Go whose shape we do not know: the build gate will ask it
			found = nil
		}
	}()
	there := w.dir(own.dir)
	files, path, tested := there.plain, own.path, ""
	if len(there.inside) > 0 {
		files = append(files[:len(files):len(files)], there.inside...)
	}
	for _, one := range there.outside {
		if one.path == document {
			files, path, tested = there.outside, own.path+"_test", own.path
		}
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Instances: map[*ast.Ident]types.Instance{},
		Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Implicits: map[ast.Node]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Scopes: map[ast.Node]*types.Scope{},
	}
	versioned(info)
	made, wrong := w.typed(own, path, files, tested, true, info)
	if len(wrong) > 0 {
		return nil
	}
	var trees []*ast.File
	for _, one := range files {
		trees = append(trees, one.tree)
	}
	results := map[*analysis.Analyzer]interface{}{}
	var run func(one *analysis.Analyzer)
	run = func(one *analysis.Analyzer) {
		if _, done := results[one]; done {
			return
		}
		for _, needed := range one.Requires {
			run(needed)
		}
		known := facts{}
		pass := &analysis.Pass{
			Analyzer: one, Fset: w.fset, Files: trees, Pkg: made, TypesInfo: info, ResultOf: results,
			TypesSizes: types.SizesFor("gc", w.context.GOARCH),
			ReadFile:   func(name string) ([]byte, error) { return w.read(name) },
			Report: func(told analysis.Diagnostic) {
				at := w.fset.PositionFor(told.Pos, false)
				if at.Filename != document {
					return
				}
				name, _ := filepath.Rel(w.root, document)
				text := w.text(document)
				found = append(found, problem{File: filepath.ToSlash(name), Line: at.Line, Column: points(text, at), Code: one.Name, Message: told.Message})
			},
			ImportObjectFact:  func(of types.Object, fact analysis.Fact) bool { return known.get(of, fact) },
			ExportObjectFact:  func(of types.Object, fact analysis.Fact) { known.put(of, fact) },
			ImportPackageFact: func(*types.Package, analysis.Fact) bool { return false },
			ExportPackageFact: func(analysis.Fact) {},
			AllObjectFacts:    func() []analysis.ObjectFact { return nil },
			AllPackageFacts:   func() []analysis.PackageFact { return nil },
		}
		made, err := one.Run(pass)
		if err != nil {
			panic(err)
		}
		results[one] = made
	}
	for _, one := range analyzers {
		run(one)
	}
	return found
}

func (w *workspace) read(name string) ([]byte, error) {
	if text, there := w.over[name]; there {
		return []byte(text), nil
	}
	return os.ReadFile(name)
}
