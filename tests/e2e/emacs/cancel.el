;; Cancelled midway: the text stays.
(scenario
 (let ((before (buffer-string)))
   (forge-cancel)
   (unless (equal (car forge-said) "forge: 0 cancelled") (error "said %S" forge-said))
   (at "...")
   (setq forge-answers '(("Pick an action" . "Generate with ensemble")))
   (call-interactively #'eglot-code-actions)
   (wait-for "the model" (file-exists-p (getenv "EDITOR_TEST_CALLED")))
   (call-interactively #'forge-cancel)
   (unless (equal (car forge-said) "forge: 1 cancelled") (error "said %S" forge-said))
   (wait-for "the end" (equal (plist-get (aref (forge--run "forge.history" '(:limit 1)) 0) :outcome) "cancelled"))
   (unless (equal (buffer-string) before) (error "the text is %S" (buffer-string)))))
