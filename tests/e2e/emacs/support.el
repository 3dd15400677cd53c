;; Helpers of the scenarios. A scenario is the body of (scenario ...); an error ends Emacs with 255.
(require 'cl-lib)
(require 'seq)

(defvar forge-answers nil "What the user picks next: (WORDS-OF-THE-PROMPT . ANSWER), in any order.")
(defvar forge-asked nil "The questions so far, newest first: (PROMPT . CHOICES).")
(defvar forge-said nil "The messages so far, newest first.")

(defun forge-answer (prompt choices)
  "The user's answer to PROMPT, which must have been foreseen."
  (push (cons prompt choices) forge-asked)
  (let ((known (seq-find (lambda (pair) (string-match-p (regexp-quote (car pair)) prompt)) forge-answers)))
    (unless known (error "nobody answers %S: %S" prompt choices))
    (setq forge-answers (remq known forge-answers))
    (cdr known)))

(fset 'completing-read (lambda (prompt choices &rest _) (forge-answer prompt (mapcar (lambda (c) (if (consp c) (car c) c)) choices))))
(advice-add 'message :before (lambda (form &rest args) (when form (push (apply #'format form args) forge-said))))

(defmacro wait-for (what &rest met)
  "Wait until MET is true, telling the server of changes as an idle Emacs does; its value."
  `(let (value)
     (with-timeout (40 (error "waited in vain for %s; said %S; text %S" ,what (seq-take forge-said 10) (buffer-string)))
       (while (not (setq value (progn ,@met)))
         (accept-process-output nil 0.05)
         (eglot--signal-textDocument/didChange)))
     value))

(defun at (words)
  "Go to the first WORDS."
  (goto-char (point-min))
  (search-forward words)
  (goto-char (match-beginning 0)))

(defmacro scenario (&rest body)
  "Open the file, connect as the page says, and run BODY there."
  `(progn
     (setq last-nonmenu-event ?\r  ; by the keyboard: no pop-up menu
           eglot-sync-connect 30)
     (find-file (getenv "EDITOR_TEST_FILE"))
     (buffer-enable-undo)
     (eglot-forge)
     (unless (eglot-current-server) (error "not connected"))
     ,@body
     (eglot-shutdown (eglot-current-server))
     (princ "passed\n")))
