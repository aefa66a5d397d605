// Starts a deck: formulas first, then what is too wide is made to fit, then reveal.js.
(() => {
  /** Shrink the letters of each box until the one thing in it fits its width. */
  function fit() {
    for (const box of document.querySelectorAll(".fit")) {
      const ratio = box.clientWidth / box.firstElementChild.offsetWidth;
      if (ratio < 1) box.style.fontSize = `${0.99 * ratio}em`;
    }
  }

  /** Formulas of the notes as MathML, for the speaker's window has no MathJax. */
  function noteFormulas() {
    for (const math of document.querySelectorAll(".notes .math")) {
      math.outerHTML = MathJax.tex2mml(math.dataset.tex, { display: false });
    }
  }

  async function start() {
    noteFormulas();
    document.documentElement.classList.add("measuring");
    await MathJax.startup.promise;
    await document.fonts.ready;
    fit();
    document.documentElement.classList.remove("measuring");
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    await Reveal.initialize({
      width: 1280,
      height: 720,
      margin: 0,
      center: false,
      hash: true,
      navigationMode: "linear", // one key leads through all slides, answers too
      slideNumber: "c/t",
      controlsTutorial: false,
      controlsBackArrows: "visible",
      transition: still ? "none" : "fade",
      transitionSpeed: "fast",
      backgroundTransition: "none",
      defaultTiming: 120, // seconds for a slide that does not say
      pdfSeparateFragments: false,
      pdfMaxPagesPerSlide: 1,
      scrollActivationWidth: null,
      plugins: [RevealNotes],
    });
    document.documentElement.dataset.started = "";
  }

  start();
})();
